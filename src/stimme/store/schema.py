"""All tables together: import this to have every one of them in ``Base.metadata``."""

from stimme.store import (
    book_models,
    credential_models,
    customer_models,
    key_models,
    ledger_models,
    mail_models,
    models,
    service_models,
    sign_on_models,
    sound_models,
)

MODULES = (
    models,
    customer_models,
    ledger_models,
    credential_models,
    service_models,
    mail_models,
    sound_models,
    sign_on_models,
    key_models,
    book_models,
)
metadata = models.Base.metadata
