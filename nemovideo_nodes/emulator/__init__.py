"""Our local stand-in for the service: it speaks the vendor's API and renders real videos.

`serve` and `RunningEmulator` (in `serve`), `Options`, `Fault` and `ensure_local` (in `local`) are
what others use. Inside are three packages: `http` speaks the API, `world` keeps the state, `agent`
reads messages and edits the film. Light to import: modules are loaded where they are used.
"""
