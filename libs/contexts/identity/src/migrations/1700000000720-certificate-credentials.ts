import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A credential of a client is a key, the name in a certificate, or a certificate. Keys by default: processes of the
 * version before, which know nothing else, write here until the last of them is replaced.
 */
export class CertificateCredentials1700000000720 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table client_credentials
        alter column kid drop not null,
        alter column alg drop not null,
        alter column pem drop not null,
        add column type text not null default 'public_key'
          check (type in ('public_key', 'cert_subject_dn', 'x509_cert')),
        add column subject_dn text,
        add column thumbprint text,
        add column expires_at timestamptz,
        add column updated_at timestamptz not null default now(),
        add constraint client_credentials_subject unique (client_id, subject_dn),
        add constraint client_credentials_thumbprint unique (client_id, thumbprint);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      delete from client_credentials where type <> 'public_key';
      alter table client_credentials
        drop column type, drop column subject_dn, drop column thumbprint, drop column expires_at, drop column updated_at,
        alter column kid set not null,
        alter column alg set not null,
        alter column pem set not null;
    `);
  }
}
