"""Starting processes and telling them apart; imports, threads and the allocator."""
