"""Programs that read the mock server's Vonage calls, each in the way its own documentation recommends."""
