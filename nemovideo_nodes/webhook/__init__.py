"""From a CMS's webhook to a video: verify, write down, acknowledge; then start a run, once.

Needs the extra `webhook`. `docs/webhook.md` tells how it is used.
"""
