"""What is measured on held-out people, and which words it earns; nothing here is fitted with."""
