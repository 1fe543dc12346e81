"""What the end-to-end tests are written with: real servers, load, a recording collector, and hilo itself."""
