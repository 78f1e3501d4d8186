"""Files beside the configuration: what a refusal does not carry, and the attributes of our own."""

REFUSED = """\
DEFAULT
	EAP-Message =* ANY,
	State =* ANY,
	Message-Authenticator =* ANY,
	Error-Cause =* ANY,
	Reply-Message =* ANY,
	MS-CHAP-Error =* ANY,
	Proxy-State =* ANY
"""
DICTIONARY = """\
$INCLUDE /usr/share/freeradius/dictionary
VENDOR		Kitei				32473
BEGIN-VENDOR	Kitei
ATTRIBUTE	Kitei-Pool			1	string
ATTRIBUTE	Kitei-Caller			2	string
END-VENDOR	Kitei
"""
