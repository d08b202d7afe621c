#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""commands.py PACKAGES FILE...: which commands do these scripts and makefiles call that come from none of the
packages? PACKAGES names them; for a file those count, too, that it hands to install-deps or has in an array *packages, and so do
packages that one of all these depends on directly, and Debian's essential set. Of '+FILE' only the functions are taken, as
of each *.sh. Scripts are parsed by shfmt. One line for each: FILE: COMMAND: its package, or "no package".

commands.py --packages FILE...: which packages do these install themselves?"""
import json
import os
import re
import subprocess
import sys

PATH = ('/usr/sbin', '/usr/bin', '/sbin', '/bin')
BUILTINS = set(subprocess.run(['bash', '-c', 'compgen -bk'], capture_output=True, text=True, check=True).stdout.split())
# Commands that run another command, and their own number of words before.
WRAPPERS = {'env': 0, 'nice': 0, 'xargs': 0, 'exec': 0, 'command': 0, 'time': 0, 'setpriv': 0, 'unshare': 0, 'strictly': 0,
            'timeout': 1, 'flock': 1, 'chroot': 1, 'ok': 1, 'nok': 1, 'step': 2}
WITH_VALUE = {'-u', '-C', '-n', '-d', '-a', '-P', '-I', '-s', '-k', '-c', '--pdeathsig'}


OF_MAKE = 'x.make'  # stands for a word that only make knows


def text_of(word):
    """A word as the shell sees it, with None for what it substitutes."""
    parts = []
    for part in word.get('Parts', []):
        kind = part['Type']
        if kind in ('Lit', 'SglQuoted'):
            parts.append(part.get('Value', ''))
        elif kind == 'DblQuoted':
            parts.append(text_of(part))
        else:
            return None
    return None if None in parts else ''.join(parts)


def program(word):
    """The command that a word names: also one of ours, whose folder is a variable."""
    text = text_of(word)
    if text is None and word['Parts']:
        last = word['Parts'][-1]
        while last['Type'] == 'DblQuoted':
            last = last['Parts'][-1]
        text = last.get('Value', '') if last['Type'] == 'Lit' and '/' in last.get('Value', '') else None
    return text


class Script:
    def __init__(self, text):
        self.commands, self.functions, self.packages = set(), set(), set()
        self.read(text)

    def read(self, text):
        done = subprocess.run(['shfmt', '--to-json', '-ln', 'bash'], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ValueError(done.stderr.strip())
        self.visit(json.loads(done.stdout))

    def visit(self, node):
        if isinstance(node, list):
            for item in node:
                self.visit(item)
        elif isinstance(node, dict):
            if node.get('Type') == 'FuncDecl':
                self.functions.add(node['Name']['Value'])
            if node.get('Type') == 'CallExpr' and node.get('Args'):
                self.call(node['Args'])
            if node.get('Array') and 'Name' in node:
                self.array(node['Name']['Value'].lower(), node['Array'])
            for value in node.values():
                self.visit(value)

    def array(self, name, array):
        words = {text_of(e['Value']) for e in array.get('Elems') or [] if e.get('Value')} - {None}
        if name.endswith('packages'):
            self.packages |= words
        elif name.endswith('tools'):
            self.commands |= words

    def call(self, words):
        name = program(words[0])
        if not name:
            return
        if os.path.basename(name) in ('install-deps', 'install_packages'):
            self.packages |= {text_of(w) for w in words[1:]} - {None}
        if '/' not in name and name != OF_MAKE:
            self.commands.add(name)
        texts = [text_of(w) for w in words]
        if name in ('bash', 'sh') and '-c' in texts[:-1] and texts[texts.index('-c') + 1]:
            self.read(texts[texts.index('-c') + 1])
        elif name == 'find' and '-exec' in texts[:-1]:
            self.call(words[texts.index('-exec') + 1:])
        elif name in WRAPPERS and '-v' not in texts:
            self.wrapped(words[1:], texts[1:], WRAPPERS[name])

    def wrapped(self, words, texts, own):
        at = 0
        while at < len(words):
            text = texts[at]
            first = words[at]['Parts'][0].get('Value') or ''
            if text is not None and text.startswith('-'):
                at += 2 if text in WITH_VALUE else 1
            elif re.match(r'\w+=', first):
                at += 1
            elif own:
                own -= 1
                at += 1
            else:
                self.call(words[at:])
                return


def recipes(text):
    """What make has a shell do."""
    text = text.replace('\\\n', ' ')
    lines = [m.lstrip('\t@-+ ') for m in re.findall(r'^\t.*', text, re.M)] + re.findall(r'\$\(shell ([^()]*)\)', text)
    said = '\n'.join(lines)
    # make's own variables and functions, from the inside.
    while (without := re.sub(r'(?<!\$)\$(\([^()]*\)|[@<^*])', OF_MAKE, said)) != said:
        said = without
    # In a template they come with $$, as shell variables do.
    return re.sub(r'\$\$(\([A-Z_]+(x\.make)?\)|[@<^])', OF_MAKE, said).replace('$$', '$')


def script_of(file):
    with open(file, encoding='utf-8') as opened:
        text = opened.read()
    try:
        return Script(recipes(text) if file.endswith(('Makefile', '.mk')) else text)
    except ValueError as error:
        sys.exit(f'{file}: {error}')


def query(command, *names):
    return subprocess.run([*command, *names], capture_output=True, text=True, check=False).stdout


def provided(packages):
    """These, what they depend on directly, and the essential set."""
    have = set(packages)
    for line in query(['dpkg-query', '-W', '-f', '${Depends}, ${Pre-Depends}\n'], 'base-files', *sorted(packages)).splitlines():
        have |= {re.split(r'[ :(]', d.strip())[0] for d in re.split(r'[,|]', line)}
    for line in query(['dpkg-query', '-W', '-f', '${Package} ${Essential} ${Priority}\n']).splitlines():
        name, *marks = line.split()
        if 'yes' in marks or 'required' in marks:
            have.add(name)
    return have


def owners(commands):
    """The packages of each command, through links and alternatives."""
    paths = {}
    for command in commands:
        for path in (f'{folder}/{command}' for folder in PATH):
            if os.path.exists(path):
                real = os.path.realpath(path)
                paths[command] = {path, path.removeprefix('/usr'), '/usr' + path, real, real.removeprefix('/usr')}
                break
    packages_of = {}
    if paths:
        for line in query(['dpkg', '-S'], *sorted(set().union(*paths.values()))).splitlines():
            if not line.startswith('diversion '):
                packages, path = line.split(': ', 1)
                packages_of.setdefault(path, set()).update(p.split(':')[0] for p in packages.split(', '))
    return {c: set().union(*(packages_of.get(p, set()) for p in paths.get(c, ()))) for c in commands}


def main():
    scripts = {f: script_of(f.removeprefix('+')) for f in sys.argv[2:]}
    if sys.argv[1] == '--packages':
        print('\n'.join(sorted(set().union(*(s.packages for s in scripts.values())))))
        return
    lent = BUILTINS.union(*(s.functions for f, s in scripts.items() if f.startswith('+') or f.endswith('.sh')))
    judged = {f: s for f, s in scripts.items() if not f.startswith('+')}
    have = provided(sys.argv[1].split())
    calls = {f: s.commands - lent - s.functions for f, s in judged.items()}
    of = owners(sorted(set().union(*calls.values())))
    for file in sorted(calls):
        own = provided(judged[file].packages) if judged[file].packages else set()
        for command in sorted(calls[file]):
            if not of[command] & (have | own):
                print(f'{file}: {command}: {", ".join(sorted(of[command])) or "no package"}')


main()
