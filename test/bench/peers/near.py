"""Near-duplicates by other programs, for `npm run bench -- near`.

near.py <peer> <threshold> <rows.json> <out.tsv>: reads texts (a JSON list, lower-case words and single spaces), finds
similar rows by the shingles word:1+2 and 128 permutations, writes one pair `a<TAB>b` a line, a < b, and prints processor
seconds from texts to pairs, and of these those from texts to signatures. Exit code 3: the peer is not there.
"""

import json
import sys
import time


marks = []


def signed():
    """All signatures are there."""
    marks.append(time.process_time())


def shingles(text):
    words = text.split(' ')
    return set(words) | {f'{a} {b}' for a, b in zip(words, words[1:])}


def datasketch(texts, threshold):
    from datasketch import MinHash, MinHashLSH

    hashes = []
    for text in texts:
        one = MinHash(num_perm=128)
        one.update_batch([shingle.encode() for shingle in shingles(text)])
        hashes.append(one)
    signed()
    index = MinHashLSH(threshold=threshold, num_perm=128)
    for i, one in enumerate(hashes):
        index.insert(i, one)
    return ((i, j) for i, one in enumerate(hashes) for j in index.query(one) if j > i)


def rensa(texts, threshold):
    from rensa import RMinHash, RMinHashLSH

    hashes = []
    for text in texts:
        one = RMinHash(num_perm=128, seed=42)
        one.update(list(shingles(text)))
        hashes.append(one)
    signed()
    # The bands that its own documentation uses for thresholds like these.
    index = RMinHashLSH(threshold=threshold, num_perm=128, num_bands=16)
    index.insert_many(hashes)
    return ((i, j) for i, found in enumerate(index.query_all(hashes)) for j in found if j > i)


def semhash(texts, threshold):
    from semhash import SemHash

    index = SemHash.from_records(records=list(texts))
    result = index.self_deduplicate(threshold=threshold)
    number = {text: i for i, text in enumerate(texts)}
    for one in result.duplicates:
        for other, _ in one.duplicates:
            i, j = sorted((number[one.record], number[other]))
            yield i, j


def main():
    peer, threshold, rows, out = sys.argv[1:]
    run = {'datasketch': datasketch, 'rensa': rensa, 'semhash': semhash}[peer]
    with open(rows, encoding='utf8') as file:
        texts = json.load(file)
    try:
        __import__(peer)
    except ImportError:
        sys.exit(3)
    marks.append(time.process_time())
    pairs = list(run(texts, float(threshold)))
    seconds = time.process_time() - marks[0]
    with open(out, 'w', encoding='utf8') as file:
        file.writelines(f'{i}\t{j}\n' for i, j in pairs)
    print(seconds, marks[1] - marks[0] if len(marks) > 1 else 'nan')


main()
