"""How to repeat a draw with a shell alone, as it is printed beside it."""

from __future__ import annotations

from qtoolkit.language import Text, say

LIST_FILE = "list.txt"
_SCRIPT = r"""export LC_ALL=C
seed=@SEED@
k=@K@
least=@LEAST@
tab=$(printf '\t')
sha256sum < list.txt
while IFS= read -r line; do
  unit=${line#*"$tab"}
  hash=$(printf '%s\n%s' "$seed" "$unit" | sha256sum | cut -c1-64)
  printf '%s\t%s\t%s\n' "${line%%"$tab"*}" "$hash" "$unit"
done < list.txt | sort > hashes.txt
cut -f1 list.txt | sort -u | while IFS= read -r stratum; do
  hash=$(printf '%s\n%s' "$seed" "$stratum" | sha256sum | cut -c1-64)
  printf '%s\t%s\n' "$stratum" "$hash"
done > strata.txt
awk -F'\t' -v k="$k" -v least="$least" '
  FNR == NR { tie[$1] = $2 ""; next }
  { n[$1]++; total++ }
  END {
    for (s in n) { few[s] = n[s] < least ? n[s] : least; places[s] = few[s]; open[s] = 1 }
    do {
      again = 0
      for (s in n) if (open[s] && k * n[s] < few[s] * total) {
        k -= few[s]; total -= n[s]; open[s] = 0; again = 1
      }
    } while (again)
    more = k
    for (s in n) if (open[s]) {
      rest[s] = (k * n[s]) % total
      places[s] = (k * n[s] - rest[s]) / total
      more -= places[s]
    }
    for (; more > 0; more--) {
      first = 1
      for (s in n) if (open[s]) {
        ahead = first || rest[s] > rest[best]
        if (!ahead && rest[s] == rest[best]) ahead = tie[s] < tie[best]
        if (ahead) best = s
        first = 0
      }
      places[best]++
      open[best] = 0
    }
    for (s in n) print s "\t" places[s]
  }' strata.txt list.txt > places.txt
awk -F'\t' 'FNR == NR { places[$1] = $2; next } ++taken[$1] <= places[$1] { print $3 }' \
  places.txt hashes.txt
"""


def script(seed: str, k: int, least: int) -> str:
    """The POSIX shell script that draws from the file of the list: it prints the list's hash and
    then the units drawn, a line each."""
    quoted = "'" + seed.replace("'", "'\\''") + "'"
    filled = _SCRIPT.replace("@K@", str(k)).replace("@LEAST@", str(least))
    return filled.replace("@SEED@", quoted)


def recipe(list_hash: str, seed: str, k: int, least: int) -> Text:
    """The recipe of a draw in both languages, as plain text: what the list is, how it is hashed,
    how units are drawn, and a script that does it."""
    at_least = (
        say(
            zh="每层至少{n}家（不足的全抽）：应得不足此数的层即得此数，其余名额在其他各层间照此另分。",
            en=" Each stratum has at least {n} (all of its units, where there are fewer): those "
            "whose share is below get that many, and the other places are shared anew among the "
            "other strata.",
            n=least,
        )
        if least
        else Text("", "")
    )
    return say(
        zh="""抽取可以复核，步骤如下。
1. 名单文件 {file}：每家一行，依次为分层、制表符（TAB）、名称、换行（LF）；不分层的，制表符前为空。\
UTF-8 编码、无 BOM，文字为 NFC 形式、首尾无空格，各行按字节序排列（LC_ALL=C sort）。
2. 名单文件的 SHA-256 应在种子产生之前公布：
   {hash}
   核对命令：sha256sum {file}
3. 种子：{seed}
4. 每家的哈希值为 SHA-256（种子、换行、名称），取其 UTF-8 字节计算；各层抽取哈希值最小的若干家。
5. 共抽{k}家（不分层的，全体为一层），各层名额按最大余数法分配：抽取家数×本层家数÷总家数，\
先取整数部分，剩余名额依次给余数最大的层；余数相同的，SHA-256（种子、换行、分层）较小的层在先。{least}
6. 将下面的脚本贴入终端，在名单文件所在的文件夹中运行（需要 sh、sha256sum、sort、cut 和 awk；\
macOS 上以 shasum -a 256 代替 sha256sum）。第一行输出是名单的哈希值，以下是抽中的考核对象。

{script}""",
        en="""Anybody can repeat this draw.
1. The list, {file}: a line a unit, its stratum, a tab, its name and a line feed (LF); without \
strata nothing stands before the tab. UTF-8 without BOM, text in form NFC without spaces at either \
end, lines in the order of their bytes (LC_ALL=C sort).
2. The SHA-256 of this file is to be published before anybody can know the seed:
   {hash}
   To check it: sha256sum {file}
3. The seed: {seed}
4. A unit's hash is SHA-256 of the seed, a line feed and its name, in UTF-8; in each stratum the \
units with the smallest hashes are drawn.
5. {k:unit is|units are} drawn in all (without strata all units are one). Places go by largest \
remainder: units drawn × units of the stratum ÷ all units, first the whole parts, then one more \
each where the remainder is largest; of equal remainders the stratum goes first whose SHA-256 \
(the seed, a line feed, the stratum) is smaller.{least}
6. Paste this script into a terminal, in the folder of the list (it needs sh, sha256sum, sort, cut \
and awk; on macOS write shasum -a 256 for sha256sum). The first line it prints is the list's hash, \
the others are the units drawn.

{script}""",
        file=LIST_FILE,
        hash=list_hash,
        seed=seed,
        k=k,
        least=at_least,
        script=script(seed, k, least),
    )
