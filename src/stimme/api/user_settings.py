"""A user's diversions and the like, set by the user or by an administrator."""

from stimme.api import problems, schemas
from stimme.api.ports import NotReachableError, SettingRefusedError, Telephony
from stimme.sentences import sentence_of
from stimme.store.models import User


def replace_settings(telephony: Telephony, user: User, body: schemas.UserSettings) -> schemas.UserSettings:
    """Replace what a user has set, as the feature codes do.

    Raises:
        ProblemError: 422 for a diversion that nobody may set, 404 when the customer is not on this node.
    """
    try:
        telephony.set_settings(user.customer_id, user.id, body)
    except SettingRefusedError as error:
        raise problems.invalid("diversions", sentence_of(error)) from None
    except NotReachableError:
        raise problems.not_found() from None
    return telephony.settings(user.customer_id, user.id)
