// Package bench puts the SDK beside other ways to do the same. It is a module of
// its own, so that nobody who uses the SDK pays for what it compares with.
package bench
