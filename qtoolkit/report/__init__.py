"""What people read: sentences, tables and figures in both languages, and the memo made of them."""
