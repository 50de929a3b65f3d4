"""How processes start, stay warm and are told apart; threads and the allocator."""
