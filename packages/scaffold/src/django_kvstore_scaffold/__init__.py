"""Makes the distribution of a third party's backend, complete and with its tests passing.

``$ django-kvstore-scaffold shelf``
"""
