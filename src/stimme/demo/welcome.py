"""What a person who started the demo reads first."""

from typing import Any


def welcome(demo: dict[str, Any]) -> str:
    """Tell where to click and what to try.

    Args:
        demo: The demo's description as programs get it.
    """
    first, second = demo["users"][:2]
    phone = second["devices"][0]
    outside, spare = demo["outside"], demo["provider"]["spare"]
    people = "\n".join(
        f"    {user['extension']}  {user['name']:<15} {user['package']:<9} "
        f"{user['login']:<24} {user['password']}"
        for user in demo["users"]
    )
    others = "\n".join(
        f"    {account['role']:<9} {account['login']:<28} {account['password']}"
        for account in demo["accounts"]
        if account["role"] != "user"
    )
    return f"""
stimme is running.

  Open  {demo["web"]}
  The certificate is the demo's own: accept it, or import {demo["ca"]}

  People of Muster GmbH (extension, name, package, login, password); telephones in the browser have those
  with the package volle:
{people}

  Administration:
{others}

  Try:
    - Sign in as {first["name"]} and dial {outside["echo"]}: you hear yourself.
    - {outside["speech"]} speaks, {outside["busy"]} is busy, {outside["no_answer"]} never answers,
      {outside["unknown"]} does not exist.
    - Sign in as {second["name"]} in a private window and dial {first["extension"]}.
    - Connect a desk telephone: user {phone["sip_user"]}, password {phone["sip_password"]},
      domain {demo["domain"]}, proxy {demo["sip"]["udp"]} (UDP, TCP) or {demo["sip"]["tls"]} (TLS).
    - Dial 0 for the reception (*45# switches night service, from {first["extension"]}; on holidays the
      calendar does), 31 for sales, 32 for support's queue (9 leads out of it), 30 for purchasing, 33 to
      speak through the telephones of 11 to 15, 40 for a menu; *16# parks a held call on 701 to 705.
      Jana Jansen (19) may call nobody outside, but 112.
    - Karl Kaiser (20) and Lena Lang (21) work in Munich, on a trunk of their own
      ({demo["provider"]["branch_number"]}); their emergency calls show that number.
    - As the reseller, set up a new customer from nothing to its first call: its page "first call" asks for
      a trunk; the simulated provider at {demo["provider"]["sip"]} has one to spare: user
      {spare["username"]}, password {spare["password"]}, head number {spare["head"]} and two digits.
    - Dial 112: the simulated control centre answers; what it was told is in
      {demo["emergency_log"]}

  Ctrl-C ends everything.
"""
