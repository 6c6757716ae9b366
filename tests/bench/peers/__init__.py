"""The programs we did not write: Kamailio, rtpengine, sipp, and how to drive them."""
