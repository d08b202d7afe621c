#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The page of pviommuctl report in headless Chromium: the plots are visible as pixels,
# without errors and without requests. Broken pages turn the test red.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

out=$root/build/meson/plain
work=$(mktemp -d) driver=
trap 'kill "$driver" 2>/dev/null; rm -rf "$work"' EXIT

ok 'it builds' "$root/userspace/build.sh" plain pviommuctl/pviommuctl
# A record, and samples of two CPUs.
{
    cat "$root/tests/data/perf-lazy.txt"
    for cpu in 0 1; do printf '\nx 1 [00%s] 9.5: 5025125 cpu-clock:\n\tff read+0x1 (x)\n\tff main+0x1 (x)\n' "$cpu"; done
} >"$work/record"
ok 'there is a page' "$out/pviommuctl/pviommuctl" report "$work/record" --html "$work/good.html" --output "$work/text"

# Chromium writes the number of its port.
: >"$work/driver"
chromedriver --port=0 >"$work/driver" 2>&1 &
driver=$!
for _ in {1..100}; do grep -q 'on port [0-9]' "$work/driver" && break; sleep 0.1; done
port=$(grep -oE 'on port [0-9]+' "$work/driver" | tail -n 1 | grep -oE '[0-9]+')
cmp_ok 'chromedriver is there' "${port:-0}" -gt 0

# look PAGE [pixels]: Chromium's view, a fact a line, in $seen. Pixels take a while.
cat >"$work/look.py" <<'PYTHON'
import base64, json, struct, sys, urllib.request, zlib

port, page, with_pixels = sys.argv[1], sys.argv[2], len(sys.argv) > 3

def ask(path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f'http://127.0.0.1:{port}/session{path}', data, method=method)
    return json.load(urllib.request.urlopen(request, timeout=120))['value']

def pixels(png):
    """Rows of (r, g, b); of the one kind of PNG that Chromium makes, 8 bits and not interlaced."""
    at, data = 8, b''
    while at < len(png):
        size, kind = struct.unpack('>I4s', png[at:at + 8])
        body = png[at + 8:at + 8 + size]
        if kind == b'IHDR':
            wide, high, depth, colour, _, _, interlaced = struct.unpack('>IIBBBBB', body)
            assert depth == 8 and colour in (2, 6) and not interlaced
            n = 3 if colour == 2 else 4
        elif kind == b'IDAT':
            data += body
        at += size + 12
    raw, before, rows = zlib.decompress(data), bytearray(wide * n), []
    for y in range(high):
        kind, row = raw[y * (wide * n + 1)], bytearray(raw[y * (wide * n + 1) + 1:(y + 1) * (wide * n + 1)])
        for i in range(len(row)):
            a, b, c = (row[i - n] if i >= n else 0), before[i], (before[i - n] if i >= n else 0)
            if kind == 1: row[i] = (row[i] + a) & 255
            elif kind == 2: row[i] = (row[i] + b) & 255
            elif kind == 3: row[i] = (row[i] + (a + b) // 2) & 255
            elif kind == 4:
                p = a + b - c
                near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                row[i] = (row[i] + near) & 255
        rows.append(row)
        before = row
    return lambda x, y: tuple(rows[int(y)][int(x) * n:int(x) * n + 3]), wide, high

arguments = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', '--force-device-scale-factor=1',
             '--window-size=1300,1600', '--force-color-profile=srgb']
session = ask('', {'capabilities': {'alwaysMatch': {
    'browserName': 'chrome', 'goog:chromeOptions': {'args': arguments},
    'goog:loggingPrefs': {'browser': 'ALL', 'performance': 'ALL'}}}})['sessionId']
at = '/' + session
def js(text): return ask(at + '/execute/sync', {'script': text, 'args': []})
def rects(selector):
    return js(f"return [...document.querySelectorAll('{selector}')].map(e => {{ const r = e.getBoundingClientRect();"
              "return [r.x, r.y, r.width, r.height]; })")
def look_at_pixels():
    shown, wide, high = pixels(base64.b64decode(ask(at + '/screenshot')))
    middle = lambda r: shown(r[0] + r[2] / 2, r[1] + r[3] / 2)
    bars = [r for r in rects('#histogram rect.mark') if r[2] > 3 and r[3] > 3]
    print('bars', sorted({'%02x%02x%02x' % middle(r) for r in bars}))
    print('flushes', sorted({'%02x%02x%02x' % middle(r) for r in rects('#flushes rect.mark')}))
    # About as many pixels of that colour as the bars have.
    x, y, w, h = rects('#histogram')[0]
    blue = sum(shown(i, j) == (0x2f, 0x6f, 0xb5) for j in range(int(y), int(y + h)) for i in range(int(x), int(x + w)))
    area = sum(r[2] * r[3] for r in bars)
    print('area', bool(area) and abs(blue / area - 1) < 0.05)
    x, y, w, h = rects('#timeline')[0]
    colours = {shown(i, j) for j in range(int(y), int(y + h)) for i in range(int(x), int(x + w))}
    # Of three lines that meet, a line may hide another.
    print('lines', len(rects('#timeline .line')), sum(c in colours for c in [(0x2f, 0x6f, 0xb5), (0xc8, 0x64, 0x1e), (0x3c, 0x8a, 0x4e)]) >= 2)
    x, y, w, h = rects('#cost')[0]
    colours = {shown(i, j) for j in range(int(y), int(y + h)) for i in range(int(x), int(x + w))}
    print('circles', (0x2f, 0x6f, 0xb5) in colours, len(rects('#cost circle')), len(rects('#cost .curve')))
    # Beside its name, if there is room, a box is as its fill says.
    boxes = [(r, f) for r, f in zip(rects('#flame > .box'), js("return [...document.querySelectorAll('#flame > .box rect')]"
             ".map(e => getComputedStyle(e).fill)")) if r[2] > 200 and r[1] + r[3] < high]
    print('flame', len(boxes) >= 5, len({f for _, f in boxes}) > 3,
          all('rgb(%d, %d, %d)' % shown(r[0] + r[2] - 4, r[1] + r[3] / 2) == f for r, f in boxes))
    # Dark.
    ask(at + '/goog/cdp/execute', {'cmd': 'Emulation.setEmulatedMedia',
                                   'params': {'features': [{'name': 'prefers-color-scheme', 'value': 'dark'}]}})
    shown, wide, high = pixels(base64.b64decode(ask(at + '/screenshot')))
    print('dark', sum(shown(5, 5)) < 150, sorted({'%02x%02x%02x' % middle(r) for r in bars}))

try:
    ask(at + '/url', {'url': 'file://' + page})
    print('ready', js('return document.documentElement.dataset.ready || "no"'))
    print('boxes', len(rects('#flame > .box')))
    print('plots', ' '.join(js("return [...document.querySelectorAll('.plots > svg')].map(e => e.id)")))
    print('axes', js("return [...document.querySelectorAll('.plots .label')].every(e => e.textContent.length > 3)"))
    print('inside', js("return [...document.querySelectorAll('.plot text')].every(e => { const r = e.getBoundingClientRect(),"
                       "s = e.closest('svg').getBoundingClientRect(); return r.left >= s.left - 1 && r.right <= s.right + 1; })"))
    # A click makes a box as wide as the picture; Escape undoes the click.
    before, cpu = rects('#flame > .box'), rects('#cpu > .box')
    js("document.querySelectorAll('#flame > .box')[0].scrollIntoView()")
    narrow = js("const all = [...document.querySelectorAll('#flame > .box')], b = all.find(e => +e.dataset.w < 0.5);"
                "if (!b) return -1; b.dispatchEvent(new MouseEvent('click')); return all.indexOf(b)")
    zoomed = rects('#flame > .box')
    print('zoom', narrow >= 0 and abs(zoomed[narrow][2] - before[0][2]) < 1, any(r[2] == 0 for r in zoomed))
    print('cpu', len(cpu), all(r[2] == cpu[0][2] for r in cpu), rects('#cpu > .box') == [[r[0], r[1] + rects('#cpu')[0][1] - cpu[0][1], *r[2:]] for r in cpu])
    js("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'})); scrollTo(0, 0)")
    print('back', all(abs(a[2] - b[2]) < 1 for a, b in zip(before, rects('#flame > .box'))))
    if with_pixels:
        look_at_pixels()
    errors = [e['message'] for e in ask(at + '/se/log', {'type': 'browser'}) if e['level'] == 'SEVERE']
    print('errors', len(errors), *errors)
    events = [json.loads(e['message'])['message'] for e in ask(at + '/se/log', {'type': 'performance'})]
    asked = {e['params']['request']['url'] for e in events if e['method'] == 'Network.requestWillBeSent'}
    print('asked', ' '.join(sorted('page' if u == 'file://' + page else u for u in asked if not u.startswith('data:'))))
finally:
    ask(at, method='DELETE')
PYTHON
look() { seen=$(python3 "$work/look.py" "$port" "$work/$1.html" "${@:2}" 2>&1); }
fact() { sed -n "s/^$1 //p" <<<"$seen"; }

look good pixels
is 'its script ran' "$(fact ready)" "$(fact boxes)"
cmp_ok 'over the boxes of the flame graph' "$(fact boxes)" -gt 20
is 'all plots are there' "$(fact plots)" 'histogram cost flushes rates timeline'
is 'their axes are labelled' "$(fact axes)" True
is 'no text leaves its plot' "$(fact inside)" True
is 'bars are drawn' "$(fact bars)" "['2f6fb5']"
is 'as large as they say' "$(fact area)" True
is 'flushes are drawn' "$(fact flushes)" "['2f6fb5']"
is 'the timeline has its lines' "$(fact lines)" '3 True'
like 'the costs have circles and curves' "$(fact circles)" '^True [1-9][0-9]* [1-9]'
is 'boxes of the flame graph are drawn, in their colours' "$(fact flame)" 'True True True'
is 'a click zooms' "$(fact zoom)" 'True True'
is 'but not the places of CPUs, a picture of its own' "$(fact cpu)" '3 True True'
is 'Escape returns' "$(fact back)" True
is 'dark is dark, and the bars are seen' "$(fact dark)" "True ['6aa5e8']"
is 'no errors' "$(fact errors)" '0'
is 'no requests' "$(fact asked)" page
# A broken page is seen.
sed 's/^const flames =/const flames = =/' "$work/good.html" >"$work/script.html"
look script
like 'a broken script' "$(fact ready):$(fact errors)" '^no:1 .*SyntaxError'
sed 's/<rect \(class="mark s0"\|width="100%"\)/<rect visibility="hidden" \1/' "$work/good.html" >"$work/bars.html"
look bars pixels
is 'bars without a drawing' "$(fact area):$(fact bars)" "False:['ffffff']"
is 'nor boxes' "$(fact flame)" 'True True False'
sed 's|<body>|<body><img src="http://127.0.0.1:9/x.png">|' "$work/good.html" >"$work/image.html"
look image
like 'an image from elsewhere is an error' "$(fact errors)" '^1 .*127\.0\.0\.1:9.*Content Security Policy'
sed 's|<body>|<body><img src="http://127.0.0.1:9/x.png">|; s|<meta http-equiv="Content-Security-Policy"[^>]*>||' \
    "$work/good.html" >"$work/policy.html"
look policy
like 'and without the policy a request' "$(fact asked)" 'http://127\.0\.0\.1:9/x\.png'
done_testing
