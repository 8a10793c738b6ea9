"""What happens next: from desired and observed to calls, a verdict, and when to look again."""
