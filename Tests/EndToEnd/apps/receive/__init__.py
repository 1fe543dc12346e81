"""What receive_checks.py does: see there."""
