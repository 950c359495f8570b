"""The network: pandapower tables, their DC matrices, ratings, AC power flow."""
