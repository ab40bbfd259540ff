"""What providers tell of messages: signed by them, for the address that they were given."""

from starlette.requests import Request
from starlette.responses import Response

from idp.events.catalogue import Event
from idp.outbound.codes import CALLBACK
from idp.outbound.twilio_callbacks import read_report
from idp.store import messages
from idp.store.database import Database
from idp.web.realms import InRealm


class CallbackEndpoints:
    """Reports are old, repeated and out of order at times: each goes only forward."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def twilio_status(self, request: Request, at: InRealm) -> Response:
        """204 for what Twilio has signed for this address, news or not; 403 for anything else."""
        section, query = at.realm.factors.sms, request.scope["query_string"].decode("ascii", "replace")
        report = (
            None
            if section is None
            else read_report(
                section,
                public_url=f"{at.issuer}{CALLBACK}{'?' if query else ''}{query}",
                parameters=dict(request.scope["idp.form"]),
                signature=request.headers.get("x-twilio-signature", ""),
            )
        )
        if report is None:
            return Response(status_code=403)
        failure = report.failure and report.failure.value
        with self._database.write() as tx:
            message = messages.report(
                tx,
                realm=at.realm.name,
                provider_id=report.provider_id,
                reference=report.reference,
                status=report.status,
                failure=failure,
            )
            if message is not None:
                tx.emit(
                    Event.MESSAGE_REPORTED,
                    realm=at.realm.name,
                    user_id=message.user_id,
                    kind=message.kind,
                    message_id=message.id,
                    status=report.status,
                    failure=failure,
                )
        return Response(status_code=204)
