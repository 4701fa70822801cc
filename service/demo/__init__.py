"""The demo: an operator, two merchants, a finance partner, and a first day of trade from real applications."""

from service.demo.first_day import first_day
from service.demo.seed import seed

__all__ = ["first_day", "seed"]
