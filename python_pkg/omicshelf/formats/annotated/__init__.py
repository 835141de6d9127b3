"""What the AnnData family of formats shares: digest, summary, names and partial loading."""
