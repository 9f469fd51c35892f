"""`agp report`: one page of all that the warehouse knows of itself, and a way to look around in it.

`gather` asks the warehouse, `charts` and `figures` draw, `page` redacts and writes one HTML file;
`server` answers a browser on this machine, a page a request.
"""
