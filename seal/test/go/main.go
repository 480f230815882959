// Checks and makes seals with golang.org/x/mod/sumdb, for cli/seal-go.test.ts.
//
//	main check KEY SIZE INDEX OLD  reads a checkpoint, an inclusion and a consistency proof
//	main make SEED SIZE INDEX OLD  writes them, of entries "entry 0" and so on, and the tiles
//
// Both speak JSON: one object on standard input or output. Bytes are base64.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type hash = tlog.Hash

type seal struct {
	Note        string            `json:"note"`
	Entry       []byte            `json:"entry"`
	Inclusion   [][]byte          `json:"inclusion"`
	Consistency [][]byte          `json:"consistency"`
	OldRoot     []byte            `json:"oldRoot"`
	Tiles       map[string][]byte `json:"tiles"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	must(err)
	return value
}

func toHash(bytes []byte) (out hash) {
	copy(out[:], bytes)
	return out
}

func toHashes(all [][]byte) (out []hash) {
	for _, one := range all {
		out = append(out, toHash(one))
	}
	return out
}

func toBytes(all []hash) [][]byte {
	out := [][]byte{}
	for _, one := range all {
		out = append(out, append([]byte{}, one[:]...))
	}
	return out
}

// stored keeps every hash of a tree; it is how tlog asks for them.
type stored []hash

func (all stored) ReadHashes(indexes []int64) ([]hash, error) {
	out := []hash{}
	for _, index := range indexes {
		out = append(out, all[index])
	}
	return out, nil
}

func treeOf(size int64) stored {
	var all stored
	for index := int64(0); index < size; index++ {
		hashes, err := tlog.StoredHashes(index, []byte(fmt.Sprintf("entry %d", index)), all)
		must(err)
		all = append(all, hashes...)
	}
	return all
}

// tilesOf gives the widest tile of each place.
func tilesOf(size int64) map[[2]int64]tlog.Tile {
	widest := map[[2]int64]tlog.Tile{}
	for _, tile := range tlog.NewTiles(8, 0, size) {
		place := [2]int64{int64(tile.L), tile.N}
		if tile.W > widest[place].W {
			widest[place] = tile
		}
	}
	return widest
}

func open(text string, key string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	must(err)
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	must(err)
	var origin string
	var size int64
	var root hash
	var encoded string
	_, err = fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &size, &encoded)
	must(err)
	root, err = tlog.ParseHash(encoded)
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

func check(key string, size, index, old int64) {
	var in seal
	must(json.NewDecoder(os.Stdin).Decode(&in))
	tree := open(in.Note, key)
	if tree.N != size {
		must(fmt.Errorf("%d entries", tree.N))
	}
	proof := tlog.RecordProof(toHashes(in.Inclusion))
	must(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(in.Entry)))
	grown := tlog.TreeProof(toHashes(in.Consistency))
	must(tlog.CheckTree(grown, tree.N, tree.Hash, old, toHash(in.OldRoot)))
	all := treeOf(size)
	for _, tile := range tilesOf(size) {
		data, err := tlog.ReadTileData(tile, all)
		must(err)
		if string(data) != string(in.Tiles[tile.Path()]) {
			must(fmt.Errorf("%s differs", tile.Path()))
		}
		delete(in.Tiles, tile.Path())
	}
	if len(in.Tiles) > 0 {
		must(fmt.Errorf("%d tiles too many", len(in.Tiles)))
	}
	fmt.Println("ok")
}

func makeSeal(seed string, size, index, old int64) {
	all := treeOf(size)
	root, err := tlog.TreeHash(size, all)
	must(err)
	oldRoot, err := tlog.TreeHash(old, all)
	must(err)
	inclusion, err := tlog.ProveRecord(size, index, all)
	must(err)
	consistency, err := tlog.ProveTree(size, old, all)
	must(err)
	signer, err := note.NewSigner(seed)
	must(err)
	text := fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	tiles := map[string][]byte{}
	for _, tile := range tilesOf(size) {
		tiles[tile.Path()], err = tlog.ReadTileData(tile, all)
		must(err)
	}
	entry := []byte(fmt.Sprintf("entry %d", index))
	must(json.NewEncoder(os.Stdout).Encode(seal{
		string(signed), entry, toBytes(inclusion), toBytes(consistency), oldRoot[:], tiles,
	}))
}

func main() {
	if len(os.Args) != 6 {
		must(fmt.Errorf("check or make, a key, and three numbers"))
	}
	act := map[string]func(string, int64, int64, int64){"check": check, "make": makeSeal}[os.Args[1]]
	act(os.Args[2], number(os.Args[3]), number(os.Args[4]), number(os.Args[5]))
}
