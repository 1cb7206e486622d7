"""The person's profile."""

from __future__ import annotations

from typing import Any

from services.console.drivers.driver import PERSON, Driver, Read


class CustomerProfiles(Driver):
    """Customer Profiles under the customer's key."""

    service = "customer-profiles"
    ownership = "CUSTOMER_MANAGED"

    def store(self) -> None:
        key = {"DefaultEncryptionKey": self.key_arn} if self.key_arn else {}
        for instance in "ab":
            domain = f"customers-{self.ownership.lower().replace('_', '-')}-{instance}"
            self.client.create_domain(DomainName=domain, DefaultExpirationDays=365, **key)
            made = self.client.create_profile(
                DomainName=domain,
                FirstName=PERSON["first"],
                LastName=PERSON["last"],
                PhoneNumber=PERSON["phone"],
            )
            self.ids |= {f"domain_{instance}": domain, f"profile_{instance}": made["ProfileId"]}

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"domains/{self.ids[f'domain_{instance}']}", "profile")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        domain = self.ids[f"domain_{through or instance}"]
        profile = self.ids[f"profile_{instance}"]
        return {"profile": (lambda: self._last_name(domain, profile), PERSON["last"])}

    def _last_name(self, domain: str, profile: str) -> Any:
        items = self.client.search_profiles(DomainName=domain, KeyName="_profileId", Values=[profile])["Items"]
        return items[0]["LastName"] if items else None

    def switch(self, new_key_arn: str) -> None:
        self.client.update_domain(DomainName=self.ids["domain_a"], DefaultEncryptionKey=new_key_arn)


class CustomerProfilesByDefault(CustomerProfiles):
    """Customer Profiles without a key of the customer's: under alias/aws/profile."""

    ownership = "AWS_MANAGED"
