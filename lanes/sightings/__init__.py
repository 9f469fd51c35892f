"""One exchange, many sightings: how a history's sources overlap, and how well that is told."""
