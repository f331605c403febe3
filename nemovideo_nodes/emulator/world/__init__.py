"""What the emulator keeps in its folder: accounts, sessions, uploads, turns and render jobs."""
