"""Taking a model away: its parts on the pages."""
