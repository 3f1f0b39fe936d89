"""办理: what can be asked of the house, and how it is done, whether by HTTP or on the command line.

``counted`` is what people ask where the server works out the rest, ``kept`` what is asked with villagers' values in it,
``routes`` the table of everything that can be asked, ``performing`` how one of it is done, ``probing`` whether it would
be, and ``hearings`` what of it waits for whom on boards and cases.
"""
