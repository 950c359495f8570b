"""Adequacy: how often and how much load is not served when units fail, and what capacity of any kind is worth."""
