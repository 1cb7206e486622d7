// The AWS Encryption SDK for JavaScript: `encrypt` or `decrypt` what standard input holds under the KMS key in $KEY.

import { buffer } from 'node:stream/consumers'
import { buildClient, CommitmentPolicy, KmsKeyringNode } from '@aws-crypto/client-node'

const sdk = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
const given = await buffer(process.stdin)
const encryptionContext = JSON.parse(process.env.CONTEXT)

if (process.argv[2] === 'encrypt') {
  const keyring = new KmsKeyringNode({ generatorKeyId: process.env.KEY })
  const { result } = await sdk.encrypt(keyring, given, { encryptionContext })
  process.stdout.write(result)
} else {
  const { plaintext, messageHeader } = await sdk.decrypt(new KmsKeyringNode({ keyIds: [process.env.KEY] }), given)
  for (const [name, value] of Object.entries(encryptionContext)) {
    if (messageHeader.encryptionContext[name] !== value) throw new Error(`The encryption context has another ${name}`)
  }
  process.stdout.write(plaintext)
}
