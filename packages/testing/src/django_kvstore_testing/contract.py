"""The contract that every backend keeps, as one class of checks.

A backend's whole test file::

    from django_kvstore_testing import Contract

    class TestContract(Contract):
        url = "myengine://localhost"

Run it with pytest. Where the URL is not known beforehand, a fixture gives it::

    class TestContract(Contract):
        ttl_granularity = 1.0       # any knob of `Base`

        @pytest.fixture
        def store_url(self, my_server):
            return f"myengine://{my_server.host}:{my_server.port}"

or `make_store(self, url)` returns the `Store` itself. With `stop_server` and `start_server`, two
methods, the checks of an outage run too, and with `refuse` and `allow` those of `Refused`.
``networked = True`` puts a proxy between the backend and its server, and the checks of what can
happen on a network run. A failed check says which clause it is about, what was done, expected and
found, and points to the clause in ``docs/contract.md``.

What the engine declares by its flags decides what is expected: the checks of what it declares
absent pass when the store refuses with `NotSupported`.
"""

from __future__ import annotations

from .aio import Aio
from .atomic import Atomic
from .bulk import Bulk
from .comparing import Comparing
from .computing import Computing
from .contention import Contention
from .corruption import Corruption
from .counting import Counting
from .expired import Expired
from .expiry import Expiry
from .failure import Failure
from .flags import Flags
from .iteration import Iteration
from .keys import Keys
from .life import Life
from .methods import Methods
from .missing import Missing
from .moving import Moving
from .namespaces import Namespaces
from .native_expiry import NativeExpiry
from .network import Network
from .prefixes import Prefixes
from .refusing import Refusing
from .replicas import Replicas
from .splitting import Splitting
from .values import Values


# pytest runs what stands last first: from the bare methods to the hard things.
class Contract(
    Network,
    Replicas,
    Life,
    Splitting,
    Corruption,
    Moving,
    Refusing,
    Failure,
    Aio,
    Namespaces,
    Prefixes,
    Iteration,
    NativeExpiry,
    Expired,
    Expiry,
    Contention,
    Computing,
    Comparing,
    Counting,
    Atomic,
    Flags,
    Bulk,
    Missing,
    Values,
    Keys,
    Methods,
):
    """Every check. One group of them, for example `Keys`, can be subclassed in the same way."""
