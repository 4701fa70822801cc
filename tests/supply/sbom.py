"""A software bill of materials of the image: CycloneDX 1.6, from the lock files alone, the same bytes each time."""

from uuid import NAMESPACE_URL, UUID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tests.supply.locked import SHIPPED, licence_of, packages


def bill(version: str) -> Bom:
    """The service, and what it is shipped with."""
    made, licences = Bom(serial_number=_number_of(version)), LicenseFactory()
    made.metadata.timestamp = None  # type: ignore[assignment]  # the same bytes each time
    made.metadata.component = tenor = Component(
        name="tenor", version=version, type=ComponentType.APPLICATION, bom_ref="tenor",
        licenses=[licences.make_with_expression("Apache-2.0")],
    )  # fmt: skip
    parts = [
        Component(
            name=one.name, version=one.version, type=ComponentType.LIBRARY,
            purl=(where := PackageURL("pypi", name=one.name, version=one.version)), bom_ref=str(where),
            licenses=[licences.make_from_string(licence_of(one.name) or "NOASSERTION")],
        )
        for one in packages(*SHIPPED)
    ]  # fmt: skip
    made.components.update(parts)
    made.register_dependency(tenor, parts)
    return made


def _number_of(version: str) -> UUID:
    """Another bill of other packages has another serial number, and the same has the same."""
    named = [f"tenor=={version}", *(f"{one.name}=={one.version}" for one in packages(*SHIPPED))]
    return uuid5(NAMESPACE_URL, "\n".join(named))


def text(version: str) -> str:
    """The bill as JSON."""
    return str(JsonV1Dot6(bill(version)).output_as_string(indent=1))
