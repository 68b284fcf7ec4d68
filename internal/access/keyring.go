package access

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// MaxMasterKeys is how many master keys may be in use at once while keys rotate: the one that writes and the older ones that still read.
const MaxMasterKeys = 3

// Hash is the keyed hash of a secret with at least 122 random bits: all that is kept of tokens, codes and API keys.
type Hash [sha256.Size]byte

// Lookup holds the hashes under which a presented secret may be stored, one per master key; unused places repeat the first.
type Lookup [MaxMasterKeys]Hash

// Holds reports, in constant time, whether stored is one of the candidates.
func (l Lookup) Holds(stored Hash) bool {
	found := false
	for _, h := range l {
		found = hmac.Equal(h[:], stored[:]) || found
	}
	return found
}

// Purpose keeps hashes and sealed texts of different kinds apart: a value made for one purpose is worthless for another.
type Purpose string

// The purposes.
const (
	ForToken          Purpose = "token"
	ForClientSecret   Purpose = "client secret"
	ForCode           Purpose = "confirmation code"
	ForAPIKey         Purpose = "api key"
	ForSession        Purpose = "session token"
	ForSessionCache   Purpose = "cached session"
	ForReview         Purpose = "reviewer token"
	ForKeySecret      Purpose = "api key secret"
	ForEndpointSecret Purpose = "endpoint secret"
	ForDelivery       Purpose = "delivery"
	ForCapture        Purpose = "captured mail"
	ForLimit          Purpose = "subject of a limit"
	ForDemo           Purpose = "demo credential"
)

// purposes lists all of them: their subkeys are derived once, at start.
var purposes = []Purpose{ForToken, ForClientSecret, ForCode, ForAPIKey, ForSession, ForSessionCache, ForReview, ForKeySecret, ForEndpointSecret, ForDelivery, ForCapture, ForLimit, ForDemo}

// Keyring hashes and seals secrets under the master keys. The first key writes, all read.
type Keyring struct{ masters []master }

type master struct {
	id   []byte
	hash map[Purpose][]byte
	seal map[Purpose]cipher.AEAD
}

// NewKeyring takes one to MaxMasterKeys keys of 32 bytes each.
func NewKeyring(keys [][]byte) (*Keyring, error) {
	if len(keys) == 0 || len(keys) > MaxMasterKeys {
		return nil, fmt.Errorf("keyring: got %d master keys, want 1 to %d", len(keys), MaxMasterKeys)
	}
	k := &Keyring{}
	for _, key := range keys {
		if len(key) != 32 {
			return nil, errors.New("keyring: a master key must have 32 bytes")
		}
		k.masters = append(k.masters, newMaster(key))
	}
	return k, nil
}

func newMaster(key []byte) master {
	m := master{id: subkey(key, "key id")[:keyIDSize], hash: map[Purpose][]byte{}, seal: map[Purpose]cipher.AEAD{}}
	for _, p := range purposes {
		m.hash[p] = subkey(key, "hash "+string(p))
		m.seal[p] = aead(subkey(key, "seal "+string(p)))
	}
	return m
}

// Hash returns the keyed hash under which a new secret is stored.
func (k *Keyring) Hash(p Purpose, secret string) Hash { return k.masters[0].sum(p, secret) }

// Lookup returns the hashes under which a presented secret may have been stored.
func (k *Keyring) Lookup(p Purpose, secret string) Lookup {
	first := k.Hash(p, secret)
	candidates := Lookup{first, first, first}
	for i, m := range k.masters[1:] {
		candidates[i+1] = m.sum(p, secret)
	}
	return candidates
}

// Derive returns 32 bytes that depend on the writing master key and the label only.
func (k *Keyring) Derive(p Purpose, label string) [32]byte { return k.Hash(p, label) }

func (m master) sum(p Purpose, secret string) Hash {
	mac := hmac.New(sha256.New, m.hash[p])
	mac.Write([]byte(secret))
	return Hash(mac.Sum(nil))
}

// subkey cannot fail: the length asked is far below HKDF's bound.
func subkey(key []byte, info string) []byte {
	sub, err := hkdf.Key(sha256.New, key, nil, info, 32)
	if err != nil {
		panic(err)
	}
	return sub
}

const (
	sealVersion = 1
	keyIDSize   = 4
	sealHeader  = 1 + keyIDSize
)

// Seal encrypts plain for a purpose (AES-256-GCM, version and key id in front). Only Open with the same purpose reads it.
func (k *Keyring) Seal(p Purpose, plain []byte) []byte {
	m := k.masters[0]
	head := append([]byte{sealVersion}, m.id...)
	return m.seal[p].Seal(head, nil, plain, nil)
}

// Open decrypts what Seal made under any key of the ring.
func (k *Keyring) Open(p Purpose, sealed []byte) ([]byte, error) {
	if len(sealed) < sealHeader || sealed[0] != sealVersion {
		return nil, errors.New("keyring: not a sealed value")
	}
	for _, m := range k.masters {
		if bytes.Equal(m.id, sealed[1:sealHeader]) {
			return m.seal[p].Open(nil, nil, sealed[sealHeader:], nil)
		}
	}
	return nil, errors.New("keyring: sealed under a master key that is not configured")
}

// SealedBy tells by which key of the ring, counted from 0, a value was sealed. Whether it is whole says only Open.
func (k *Keyring) SealedBy(sealed []byte) (index int, known bool) {
	if len(sealed) < sealHeader {
		return 0, false
	}
	index = slices.IndexFunc(k.masters, func(m master) bool { return bytes.Equal(m.id, sealed[1:sealHeader]) })
	return index, index >= 0
}

// aead cannot fail: the key always has 32 bytes.
func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return gcm
}
