#!/bin/sh
# Rebuilds the figures on MNIST of Groudiev & Maniu (2024), and further ones, into one page: OUT/index.html.
#
#     examples/reproduce.sh MNIST_DIR [OUT]
#
# Trains nothing and downloads nothing: the network is the one embedded in the tool, and MNIST_DIR holds MNIST's files. A run
# that was stopped goes on where it was. Set KIRCHHOFF to the tool, and LIMIT to take the first digits only.
set -eu

if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: $0 MNIST_DIR [OUT]; MNIST_DIR is a folder with t10k-images-idx3-ubyte.gz and its labels" >&2
    exit 2
fi
data=$1
out=${2:-kirchhoff-reproduce}
tool=${KIRCHHOFF:-target/release/kirchhoff}
limit=${LIMIT:+--limit $LIMIT}
mkdir -p "$out"
began=$(date +%s)

# Figures 1.3 and 2.1 to 2.3: the embedded digits in four semirings.
"$tool" explain digits --semiring real,boolean,counting,viterbi --out "$out/explain" --quiet >"$out/explain.txt"

# $limit is left unquoted: it is two words or none.
study() {
    name=$1
    shift
    asked="$("$tool" --version) $data $limit $*"
    if [ -f "$out/$name/report.html" ] && [ "$(cat "$out/$name.done" 2>/dev/null)" = "$asked" ]; then
        echo "study $name: done before" >&2
        return
    fi
    echo "study $name" >&2
    "$tool" study "$name" digits "$data" $limit --out "$out/$name" "$@"
    echo "$asked" >"$out/$name.done"
}
# Figures 4.1 to 4.4.
study mask --semiring boolean,counting-float,real,viterbi
# Figure 4.6, perturbation curves, and the map of inverted windows.
study perturb --attack --draws 3 --windows 4 --stride 2
# Figure 4.5.
study prune
# Section 3.3.
study thresholds

# The pages of the studies, each with all of its pictures, one below the other.
page="$out/index.html"
{
    sed '/<body>/q' "$out/perturb/report.html" | sed 's|<title>.*</title>|<title>Kirchhoff on MNIST</title>|; s|<body>.*|<body>|'
    echo '<h1>Explanations: figures 1.3 and 2.1 to 2.3</h1>'
    printf '<figure><img alt="Digits in four semirings" src="data:image/png;base64,%s"></figure>\n' \
        "$(base64 <"$out/explain/sheet.png" | tr -d '\n')"
    # A study's page, under the name of its figures.
    part() {
        sed -n '/<body>/,$p' "$out/$1/report.html" | sed "s|.*<body>||; s|</body></html>||; s|<h1>[^<]*</h1>|<h1>$2</h1>|"
    }
    part mask 'Masks: figures 4.1 to 4.4'
    part prune 'Pruning: figure 4.5'
    part perturb 'Perturbation: figure 4.6, and further curves'
    part thresholds 'Thresholds: section 3.3'
    echo '</body></html>'
} >"$page.part"
mv "$page.part" "$page"
echo "wrote $page in $(($(date +%s) - began)) s"
