"""Programs that we did not write, driven as telephones, browsers and measuring devices."""
