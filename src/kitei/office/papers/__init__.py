"""Papers for people: invoices and decision letters, in Japanese and English, as HTML and PDF.

Rendering is pure but slow (a second or so): it is done when someone asks for a paper, never while a
month is closed. The same values make the same bytes.
"""

from kitei.office.papers.decision import Letter, decision_html, decision_pdf
from kitei.office.papers.invoice import invoice_html, invoice_pdf

__all__ = ["Letter", "decision_html", "decision_pdf", "invoice_html", "invoice_pdf"]
