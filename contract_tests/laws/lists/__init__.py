"""Laws of lists: pages, order, marking as read, referrals."""
