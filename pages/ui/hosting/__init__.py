"""The app as a server for several people: the cookie, the address that says whether jobs run, and the keeper."""
