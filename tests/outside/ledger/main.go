// Checks a Zerotrip ledger from its public files with the Go project's own transparency-log packages, which know nothing of Zerotrip:
// sumdb/note opens the checkpoint, sumdb/tlog proves every entry of the tiles to be under the signed root.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run main.go <folder with `checkpoint` and `tile/`> <verifier key>
//
// Debian has the packages as golang-golang-x-mod-dev. Ends with 0 where everything holds, else with 1.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Levels of the tree to a tile (C2SP tlog-tiles).
const height = 8

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: main <folder with checkpoint and tile/> <verifier key>")
		os.Exit(2)
	}
	text, err := check(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "the ledger does not verify:", err)
		os.Exit(1)
	}
	fmt.Println(text)
}

func check(folder, key string) (string, error) {
	origin, tree, err := openCheckpoint(folder, key)
	if err != nil {
		return "", err
	}
	entries, err := readEntries(folder, tree.N)
	if err != nil {
		return "", err
	}
	// From the hash tiles: they lead to a proof for each entry, and each proof has to lead to the signed root.
	tiles := tlog.TileHashReader(tree, files(folder))
	for n, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(n), tiles)
		if err != nil {
			return "", fmt.Errorf("entry %d: %w", n, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), tlog.RecordHash(entry)); err != nil {
			return "", fmt.Errorf("entry %d: %w", n, err)
		}
	}
	// And from the entries alone, without any tile.
	root, err := rootOf(entries)
	if err != nil {
		return "", err
	}
	if root != tree.Hash {
		return "", fmt.Errorf("the entries lead to the root %v, signed is %v", root, tree.Hash)
	}
	return fmt.Sprintf("%s: %d entries, each under the signed root %v", origin, tree.N, tree.Hash), nil
}

// The checkpoint (C2SP tlog-checkpoint), once the note package has verified its signature.
func openCheckpoint(folder, key string) (string, tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return "", tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return "", tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return "", tlog.Tree{}, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return lines[0], tlog.Tree{N: size, Hash: hash}, err
}

// Every entry of a log of this size: bundles of 256, each entry after its length (two bytes, big-endian).
func readEntries(folder string, size int64) ([][]byte, error) {
	var entries [][]byte
	for first := int64(0); first < size; first += 1 << height {
		width := size - first
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}
		bundle, err := os.ReadFile(filepath.Join(folder, path(tile)))
		if err != nil {
			return nil, err
		}
		for len(bundle) > 0 {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("%s is cut short", path(tile))
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entries, bundle = append(entries, bundle[2:end]), bundle[end:]
		}
	}
	if int64(len(entries)) != size {
		return nil, fmt.Errorf("the bundles hold %d entries, the checkpoint is over %d", len(entries), size)
	}
	return entries, nil
}

func rootOf(entries [][]byte) (tlog.Hash, error) {
	var hashes []tlog.Hash
	stored := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for at, index := range indexes {
			out[at] = hashes[index]
		}
		return out, nil
	})
	for n, entry := range entries {
		more, err := tlog.StoredHashes(int64(n), entry, stored)
		if err != nil {
			return tlog.Hash{}, err
		}
		hashes = append(hashes, more...)
	}
	return tlog.TreeHash(int64(len(entries)), stored)
}

// The package's own paths, without its tile height and with C2SP's name for bundles: `tile/8/0/001` is `tile/0/001`.
func path(tile tlog.Tile) string {
	rest := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	return "tile/" + strings.Replace(rest, "data/", "entries/", 1)
}

// A folder of tiles.
type files string

func (folder files) Height() int { return height }

func (folder files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for at, tile := range tiles {
		bytes, err := os.ReadFile(filepath.Join(string(folder), path(tile)))
		if err != nil {
			return nil, err
		}
		out[at] = bytes
	}
	return out, nil
}

func (folder files) SaveTiles([]tlog.Tile, [][]byte) {}
