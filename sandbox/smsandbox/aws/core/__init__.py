"""What all parts of the simulator stand on: time, settings, calls, the base of a service. No sockets and no moto."""
