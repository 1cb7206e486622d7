// One story of the AWS SDK for JavaScript v3 with KMS, chosen by the first argument; tells what it met as JSON.

import assert from 'node:assert/strict'
import {
  KMSClient,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
  DisabledException,
  InvalidCiphertextException,
  KMSInvalidSignatureException,
  NotFoundException,
  paginateListAliases,
} from '@aws-sdk/client-kms'
import { createPublicKey, verify } from 'node:crypto'

const kms = new KMSClient({ maxAttempts: 1 })
const text = (bytes) => Buffer.from(bytes).toString()
const bytes = (string) => new TextEncoder().encode(string)

async function newKey(parameters = {}) {
  return (await kms.send(new CreateKeyCommand(parameters))).KeyMetadata
}

const stories = {
  async keys() {
    const made = await newKey({ Description: 'made by JavaScript', Tags: [{ TagKey: 'from', TagValue: 'js' }] })
    const { KeyMetadata: found } = await kms.send(new DescribeKeyCommand({ KeyId: made.Arn }))
    assert.deepEqual(found, made)
    assert.ok(found.CreationDate instanceof Date)
    return { arn: found.Arn, created: found.CreationDate.getTime() / 1000 }
  },

  async cryptography() {
    const { Arn: KeyId } = await newKey()
    const EncryptionContext = { tenant: 'ada' }
    const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext: bytes('secret'), EncryptionContext }))
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext }))
    const dataKey = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }))
    const unwrapped = await kms.send(new DecryptCommand({ CiphertextBlob: dataKey.CiphertextBlob, EncryptionContext }))
    assert.deepEqual(unwrapped.Plaintext, dataKey.Plaintext)
    return {
      key: KeyId,
      plaintext: text(opened.Plaintext),
      blob: Buffer.from(sealed.CiphertextBlob).toString('base64'),
      dataKeyBytes: dataKey.Plaintext.length,
    }
  },

  async signatures() {
    const { Arn: KeyId } = await newKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const what = { KeyId, Message: bytes('signed'), SigningAlgorithm: 'ECDSA_SHA_256' }
    const { Signature } = await kms.send(new SignCommand(what))
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }))
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
    const { SignatureValid } = await kms.send(new VerifyCommand({ ...what, Signature }))
    const mac = await newKey({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    const how = { KeyId: mac.Arn, Message: bytes('coded'), MacAlgorithm: 'HMAC_SHA_256' }
    const { Mac } = await kms.send(new GenerateMacCommand(how))
    const { MacValid } = await kms.send(new VerifyMacCommand({ ...how, Mac }))
    return { byKms: SignatureValid, byNode: verify('sha256', what.Message, key, Signature), mac: MacValid }
  },

  async pages() {
    const { Arn: TargetKeyId } = await newKey()
    const names = ['one', 'three', 'two'].map((name) => `alias/${name}`)
    for (const AliasName of names) await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId }))
    const sizes = []
    const found = []
    for await (const page of paginateListAliases({ client: kms, pageSize: 2 }, { KeyId: TargetKeyId })) {
      sizes.push(page.Aliases.length)
      found.push(...page.Aliases.map((alias) => alias.AliasName))
    }
    return { sizes, found }
  },

  async grants() {
    const { Arn: KeyId } = await newKey()
    const GranteePrincipal = process.argv[3]
    const grant = await kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal, Operations: ['Encrypt'] }))
    assert.ok(grant.GrantToken)
    return { key: KeyId, grant: grant.GrantId }
  },

  async errors() {
    const { Arn: KeyId } = await newKey()
    const { Arn: other } = await newKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext: bytes('secret') }))
    await kms.send(new DisableKeyCommand({ KeyId }))
    const attempts = [
      [DisabledException, new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob })],
      [NotFoundException, new DescribeKeyCommand({ KeyId: 'alias/nothing' })],
      [InvalidCiphertextException, new DecryptCommand({ CiphertextBlob: bytes('rubbish') })],
      [
        KMSInvalidSignatureException,
        new VerifyCommand({
          KeyId: other,
          Message: bytes('x'),
          Signature: bytes('rubbish'),
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      ],
    ]
    const told = []
    for (const [kind, command] of attempts) {
      await assert.rejects(kms.send(command), (error) => {
        assert.ok(error instanceof kind, `${error.name} is no ${kind.name}`)
        told.push({ name: error.name, status: error.$metadata.httpStatusCode, requestId: error.$metadata.requestId })
        return true
      })
    }
    return told
  },
}

console.log(JSON.stringify(await stories[process.argv[2]]()))
