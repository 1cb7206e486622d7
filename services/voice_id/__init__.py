"""Amazon Connect Voice ID: voice domains whose data always rests under the customer's own key."""
