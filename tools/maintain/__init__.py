"""What maintainers run: the lock, generated documentation, images and packages."""
