"""One writer: a Lease that one process at a time holds, and the fence that no write passes without it.

record    a Lease as values; reads what a hand may have written
leases    the Lease in the API server
election  who holds it: when to renew, when to take it, when to give up; no threads, any clock
guard     until when this process may write; ends it when that is over
leader    the thread that keeps an election going
"""
