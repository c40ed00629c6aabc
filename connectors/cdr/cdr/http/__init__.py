"""The vendor's answers as bytes and as documents: the client, its waits, what a failure means, what a body holds.

It knows how a request is signed and sent, and nothing of windows or rows.
"""
