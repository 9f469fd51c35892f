-- Claude Desktop's own transcripts.
insert into sources values
    ('claude_cowork', 'claude', 100, 'transcripts of Cowork, which Claude Desktop keeps');
