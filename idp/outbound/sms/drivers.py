"""The driver that a realm file names."""

from idp.outbound.sms.console import ConsoleSender
from idp.outbound.sms.message import CodeService, SmsSender
from idp.realm.factor_sections import Sms as SmsSection


def sms_driver(section: SmsSection, *, dev: bool, status_callback: str | None) -> SmsSender | CodeService:
    """The sender, or the service that holds codes itself. Raises SettingsError for what could not work."""
    if section.sender == "console":
        return ConsoleSender(dev=dev)
    if section.sender == "twilio-verify":
        from idp.outbound.sms.twilio_verify import TwilioCodeService

        return TwilioCodeService(section)
    from idp.outbound.sms.twilio import TwilioSender

    return TwilioSender(section, status_callback=status_callback)
