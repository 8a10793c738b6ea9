"""What AWS would refuse, asked before anything is launched. What follows from it is `domain.preflight`'s."""
