"""The page that a refused request is answered with, in Japanese and English."""

from typing import Final

REFUSED: Final = """<!DOCTYPE html>
<html lang="ja">
<head><meta charset="utf-8"><title>このページは表示できません / This page is blocked</title>
<style>body{font-family:sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;line-height:1.6}
pre{white-space:pre-wrap;background:#f4f4f4;padding:1rem}</style></head>
<body>
<h1>このページは表示できません</h1>
<p>所属する組織の Web ポリシーにより、<b>%U</b> へのアクセスを止めました。</p>
<h1 lang="en">This page is blocked</h1>
<p lang="en">Your organisation's Web policy does not let you reach <b>%U</b>.</p>
<pre>%O</pre>
<p>%T / %i</p>
</body></html>
"""
"""`%U` and the others are Squid's: the URL, what the judge said (HTML), the time and who asked."""
