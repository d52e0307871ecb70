"""Tell what a body is that is no feed: a page, a login wall, a bot challenge. Its text and headers in, a reason out."""

import html
import re
from collections.abc import Mapping
from typing import Final

from schemas.reasons import Reason

_SNIFFED: Final = 60_000  # characters looked at
_SHORT_PAGE: Final = 1_500  # visible characters: walls and challenges say little, articles a lot

_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body|title)\b", re.IGNORECASE)
_PAGE_START = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_FIRST_TAG = re.compile(r"<!?([A-Za-z][\w:.-]*)")
_PAGE_TAGS: Final = frozenset(
    {
        *("doctype", "html", "head", "body", "title", "meta", "link", "base", "script", "style", "noscript"),
        *("div", "p", "h1", "h2", "h3", "center", "br", "hr", "b", "font", "table", "img", "a", "form", "pre", "span"),
    }
)
_HIDDEN = re.compile(r"<(script|style|noscript|template|svg)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.I | re.S)
_TAG = re.compile(r"<[^<>]*>")
_TITLE = re.compile(r"<title\b[^<>]*>([^<]{0,300})", re.IGNORECASE)
_HEADING = re.compile(r"<h1\b[^<>]*>(.{0,300}?)</h1", re.IGNORECASE | re.DOTALL)

# What only a challenge carries: its scripts, its cookies, its own addresses.
_CHALLENGE_PARTS: Final = re.compile(
    r"/cdn-cgi/challenge-platform/|_cf_chl_opt|cf-browser-verification|cf_chl_|cf-challenge|"
    r"_Incapsula_Resource|Incapsula incident|/_sec/cp_challenge|sec-if-cpt-container|px-captcha|"
    r"captcha-delivery\.com|ddos-guard|__ddg\d|sucuri_cloudproxy|sgcaptcha|awswaf|aws-waf-token|"
    r"/\.within\.website/|anubis_challenge|/\.well-known/\w*captcha|ct\.captcha|validate\.perfdrive\.com|"
    r"kpsdk|/_guard/|slowAES\.decrypt|toNumbers\(|fc-challenge|geo\.captcha",
    re.IGNORECASE,
)
# What a short page says that wants to be convinced that a person reads it.
_CHALLENGE_WORDS: Final = re.compile(
    r"just a moment|checking (?:if the site connection|your browser)|verify(?:ing)?(?: that)? you(?:'re|’re| are)"
    r"(?: not)? (?:a )?(?:human|bot|robot)|are you (?:a )?(?:human|(?:ro)?bot)|not a (?:ro)?bot|"
    r"enable (?:javascript and cookies|js and (?:cookies|disable))|attention required|ddos protection|"
    r"unusual (?:traffic|activity)|automated (?:requests?|access|queries)|security (?:check|verification)|"
    r"pardon our interruption|access (?:to this (?:page|site|website) has been )?(?:denied|blocked)|"
    r"please stand by, while|you have been blocked|sind sie ein (?:mensch|roboter)|êtes-vous un robot|"
    r"no eres un robot|browser wird (?:über|ge)prüft|вы не робот|проверка браузера|安全验证|人机验证|請稍候",
    re.IGNORECASE,
)
_CHALLENGE_WIDGET: Final = re.compile(
    r"g-recaptcha|h-captcha|hcaptcha\.com|cf-turnstile|recaptcha/api|friendlycaptcha", re.I
)
_COOKIE_RELOAD: Final = re.compile(
    r"document\.cookie\s*=.{0,3000}?(?:location\s*(?:\.\w+\s*)?[=(]|location\.reload)", re.I | re.S
)

_PASSWORD: Final = re.compile(r"<input\b[^<>]*\btype\s*=\s*[\"']?password\b", re.IGNORECASE)
_LOGIN_FORM: Final = re.compile(
    r"<form\b[^<>]*\baction\s*=\s*[\"']?[^\"'<>]*(?:log-?[io]n|sign-?in|sso|oauth|saml|auth/|authenticate)", re.I
)
_LOGIN_WORDS: Final = re.compile(
    r"\b(?:log[ -]?in|log[ -]?on|sign[ -]?in|authenti(?:cation|fication)|anmeld(?:en|ung)|einloggen|connexion|"
    r"se connecter|iniciar sesi[oó]n|acced[ei]r?|entrar|inloggen|zaloguj|вход|войти|ログイン|登录|登入|"
    r"subscribers? only|subscribe to (?:continue|read)|members? only|wi-?fi (?:login|access)|captive portal)\b",
    re.IGNORECASE,
)


def refusal_of(text: str, headers: Mapping[str, str]) -> tuple[Reason, str]:
    """Why `text`, the characters of a body that no parser took, is no feed, and one line about it.

    Header names are in lower case. BOT_CHALLENGE, LOGIN_WALL, BODY_IS_HTML or NOT_A_FEED; judged by traits that such
    pages share, so a page that fits none is a page.
    """
    text = text[:_SNIFFED]
    title = _title_of(text)
    if headers.get("cf-mitigated") == "challenge" or _CHALLENGE_PARTS.search(text):
        return Reason.BOT_CHALLENGE, _detail("the server wants a browser", title)
    first = _FIRST_TAG.search(text)
    if _PAGE.search(text) is None or first is None or first[1].lower() not in _PAGE_TAGS:
        return Reason.NOT_A_FEED, f"no feed format begins with {text[:40]!r}"
    visible = _visible(text)
    is_short = len(visible) <= _SHORT_PAGE
    said = f"{title}\n{visible}" if is_short else title
    if _CHALLENGE_WORDS.search(said) or (is_short and _is_puzzle(text)):
        return Reason.BOT_CHALLENGE, _detail("the page asks whether a person reads it", title)
    if _LOGIN_WORDS.search(title) or (is_short and _asks_for_login(text, visible)):
        return Reason.LOGIN_WALL, _detail("the page asks for a login", title)
    return Reason.BODY_IS_HTML, _detail("the document is an HTML page", title)


def is_page(text: str) -> bool:
    """Whether `text` begins as an HTML page does."""
    return _PAGE_START.search(text[:2_000]) is not None


def _is_puzzle(text: str) -> bool:
    if _PASSWORD.search(text):
        return False
    return _CHALLENGE_WIDGET.search(text) is not None or _COOKIE_RELOAD.search(text) is not None


def _asks_for_login(text: str, visible: str) -> bool:
    if _PASSWORD.search(text):
        return True
    heading = _HEADING.search(text)
    says_so = _LOGIN_WORDS.search(heading[1] if heading else visible[:300]) is not None
    return says_so and (_LOGIN_FORM.search(text) is not None or heading is not None)


def _title_of(text: str) -> str:
    match = _TITLE.search(text)
    return " ".join(html.unescape(match[1]).split()) if match else ""


def _visible(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", text))).split())


def _detail(what: str, title: str) -> str:
    return f"{what}: {title[:100]!r}" if title else what
