"""The emulator's HTTP side: routes, the fault middleware, the owner's pages, the server."""
