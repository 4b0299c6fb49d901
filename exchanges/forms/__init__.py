"""What people type on pages, as dictionaries of checked values. Forms validate; services write."""
