"""Our local stand-in for the service: it speaks the vendor's API and renders real videos.

Light to import: the server's own modules are loaded where they are used.
"""
