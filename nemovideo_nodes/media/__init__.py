"""What a media file is: its type by content, its size, whether it is whole, its pictures.

`sniff` and `mp4` are pure Python; `probe`, `decode` and `poster` need the extra `video`.
"""
